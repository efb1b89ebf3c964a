"""Masking of personal data and secrets in texts, before anything is stored.

Found are e-mail addresses, telephone, card and account numbers, IP addresses, keys and tokens. What
only looks like one is left alone, because a text that was masked counts as holding PII.

Texts come from strangers, so every pattern takes time linear in the text: a quantifier without a
bound is possessive, and where its run can start is limited by what stands before it. Nothing
is found right beside a mask, as nothing was beside what it replaced: masking again changes nothing.
"""

from .masking import mask_pii, mask_pii_in

__all__ = ["mask_pii", "mask_pii_in"]
