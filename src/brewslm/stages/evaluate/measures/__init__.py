"""The metrics: functions of what was seen of each row."""
