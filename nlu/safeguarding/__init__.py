"""Does a message suggest that a child, or a parent, may be at risk? Recall first: a false alarm costs the lead a minute, a missed one may cost a child."""
