"""What would become of members, told without sending any: match quality, unsaved exports, one member."""
