"""The text that a new policy starts from: every part a file can have, once."""

from typing import Final

STARTER: Final = """\
---
slug: my-policy
title: Title of the policy
family: none
language: en
effort: low
applies:
  sources: []
  countries: []
---

What this policy protects. Define the words that decide. Say which section wins over which. When no section fits, the item is allowed.

## NP-1.1 First rule
severity: 2

What violates, in one or two sentences.

Violating examples:
- An example on one line

Allowed examples:
- The closest thing that is allowed

### Guidance
For reviewers; never sent to the reasoner.

### Public
For the author and the reporter.

```cases
{"id": "NP-C1", "section": "NP-1.1", "text": "A text to test the rule with", "expect": "violates", "note": "why"}
```
"""
