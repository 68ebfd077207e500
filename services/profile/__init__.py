"""profile: folds the log into members and ties."""
