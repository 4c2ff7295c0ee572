"""Training rows -> an encoder from raw rows to tensors; targets as the loss takes them."""
