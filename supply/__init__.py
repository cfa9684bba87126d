"""What Luotsi is made of: bills of materials, and what is known against the parts. For developers and CI."""
