"""The portal: the pages by which people work with Luotsi. It keeps sessions and accounts, and no domain data."""
