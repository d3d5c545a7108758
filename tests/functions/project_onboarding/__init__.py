"""The onboarding function, against an account in memory and on the local AWS."""
