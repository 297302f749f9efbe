-- oldest release that may run on it: 0.1.0
-- Whom nobody knows may be let into a walled garden instead of being refused, on the NASes of a group.

-- Read whole, written whole, checked by src/domain/unknown-garden.ts: {down_bps, up_bps, address_list?, pool?,
-- session_timeout_s?}; null: refused.
alter table nas_group add column unknown_garden jsonb check (jsonb_typeof(unknown_garden) = 'object');

select fence();
