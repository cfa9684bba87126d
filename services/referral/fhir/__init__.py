"""A referral as HL7 FHIR R4."""
