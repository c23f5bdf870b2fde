"""What a rule can come to."""

HIT, CLEAR, UNCERTAIN, NOT_CHECKED = "hit", "clear", "uncertain", "not_checked"
OUTCOMES = (HIT, UNCERTAIN, CLEAR, NOT_CHECKED)
