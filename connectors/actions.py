"""What a buyer asks the seller to do, in the codes that Peppol and France share.

Sources: OpenPeppol's list OPStatusAction, and the published schematron of the French life-cycle
message (1.4.0.03); both have the same seven codes.
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
