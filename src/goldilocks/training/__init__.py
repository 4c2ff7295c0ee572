"""Model and split -> history; callbacks know no tracker."""
