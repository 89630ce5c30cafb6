"""The rules of the fraud desk: their list, the editor, the back-test, and one rule asked about one order."""
