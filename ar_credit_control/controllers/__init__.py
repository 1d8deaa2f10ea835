from . import exchange_webhook
from . import portal
