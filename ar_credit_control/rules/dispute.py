"""Why customers dispute what they are asked for, and what a dispute takes out of a claim.

Amounts are plain numbers in one currency, rounded by the caller.
"""

from __future__ import annotations

# Reason -> the group that causes are reported by.
REASONS: dict[str, str] = {
    "invoice_data": "invoicing",
    "price": "invoicing",
    "not_delivered_invoice": "invoicing",
    "quantity": "delivery",
    "delivery": "delivery",
    "quality": "product",
    "other": "other",
}
# Resolution -> whether the customer was right, unless somebody says otherwise.
RESOLUTIONS: dict[str, bool] = {"credit_note": True, "rejected": False, "compromise": True}


def disputed(claimed: float, residual: float) -> float:
    """What of an open item is disputed: never more than is still open of it.

    >>> disputed(40, 100), disputed(40, 25), disputed(40, -5)
    (40, 25, 0.0)
    """
    return max(0.0, min(claimed, residual))


def chased(claimed: float, residual: float) -> float:
    """What of an open item may still be asked for while a part of it is disputed.

    >>> chased(40, 100), chased(100, 100)
    (60, 0)
    """
    return residual - disputed(claimed, residual)


# What a customer may send along from the portal: pictures and papers, nothing that runs.
MOST_BYTES = 5 * 1024 * 1024
MEDIA = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}


def attachment_problem(size: int, media: str) -> str | None:
    """What keeps a file from being taken: ``size``, ``media`` or nothing.

    size: in bytes. media: the type that its content shows, whatever it is called.

    >>> attachment_problem(10, "image/png"), attachment_problem(10, "text/html")
    (None, 'media')
    """
    if size > MOST_BYTES:
        return "size"
    return None if media in MEDIA else "media"
