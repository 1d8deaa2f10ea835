"""What a buyer asks the seller to do, in the codes that Peppol and France share.

Source: OpenPeppol's list of status actions (OPStatusAction), which XP Z12-012 takes over.
"""

from __future__ import annotations

ACTIONS: dict[str, str] = {
    "NOA": "No action required",
    "PIN": "Provide the missing information",
    "NIN": "Issue a new invoice",
    "CNF": "Credit the invoice in full",
    "CNP": "Credit the invoice in part",
    "CNA": "Credit the amount paid",
    "OTH": "Other action",
}
