"""A real OpenID Connect provider, Canaille, as a process of its own, in the environment `.venv-provider`.

What it is to know comes as JSON on standard input: its port, its people, the portal's registration, the factors that
it asks for, and for how many seconds a code is good. It keeps everything in memory, and says `ready` when it answers.
"""

import asyncio
import datetime
import json
import logging
import sys
from typing import Any

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.middleware import AsyncioWSGIMiddleware
from joserfc.jwk import RSAKey


def _application(known: dict[str, Any]) -> Any:
    app = create_app(
        {
            "SECRET_KEY": "only for tests",
            "SERVER_NAME": f"localhost:{known['port']}",
            "PREFERRED_URL_SCHEME": "http",
            "SESSION_COOKIE_SECURE": False,
            "TESTING": True,
            "WTF_CSRF_ENABLED": False,
            "CANAILLE": {
                "DATABASE": "memory",
                "JAVASCRIPT": False,
                "HTMX": False,
                "CAPTCHA_ENABLED": False,
                "AUTHENTICATION_FACTORS": known["factors"],
                "TOTP_LIFETIME": known["code_lifetime"],
                "ENABLE_PASSWORD_COMPROMISSION_CHECK": False,
            },
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)]},
        }
    )
    with app.app_context():
        backend = Backend.instance
        now = datetime.datetime.now(datetime.UTC)
        for person in known["people"]:
            backend.save(
                models.User(
                    user_name=person["name"],
                    formatted_name=person["name"],
                    family_name=person["name"],
                    emails=[person["email"]],
                    password=person["password"],
                    secret_token=person["secret"],
                    last_otp_login=now,
                )
            )
        backend.save(
            models.Client(
                client_id=known["client_id"],
                client_secret=known["client_secret"],
                client_name="Luotsi",
                client_uri=known["client_uri"],
                redirect_uris=[known["redirect_uri"]],
                post_logout_redirect_uris=[known["redirect_uri"]],
                grant_types=["authorization_code"],
                response_types=["code"],
                scope=["openid", "profile", "email"],
                token_endpoint_auth_method="client_secret_basic",
            )
        )
        [client] = backend.query(models.Client)
        client.audience = [client]
        backend.save(client)
    return app


async def _serve(app: Any, port: int) -> None:
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.accesslog = config.errorlog = None
    task = asyncio.ensure_future(serve(AsyncioWSGIMiddleware(app), config))
    while not task.done():
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            break
    print("ready", flush=True)
    await task


if __name__ == "__main__":
    logging.disable(logging.ERROR)
    told = json.loads(sys.stdin.read())
    asyncio.run(_serve(_application(told), told["port"]))
