"""What people are told of: notifications, and the channels that carry them away from this machine."""
