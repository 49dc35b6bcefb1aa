"""What is yet to be removed elsewhere, in the ledger and in MLflow, after a dataset or a run has gone."""
