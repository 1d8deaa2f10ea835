from . import exchange_webhook
