// Imports nothing: how long Node itself takes.
export {}
