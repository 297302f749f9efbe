-- oldest release that may run on it: 0.1.0
-- A client that speaks RADIUS over TLS is known by its certificate: by its fingerprint, or by a DNS name in it.

alter table radius_client
  -- SHA-256 over the certificate.
  add column radsec_fingerprint text unique check (radsec_fingerprint ~ '^[0-9a-f]{64}$'),
  -- A DNS name that the authority of GATEHOUSE_RADSEC_CA vouches for.
  add column radsec_name text unique check (radsec_name = lower(radsec_name) and radsec_name <> '');

select fence();
