-- oldest release that may run on it: 0.1.0
-- A new data key is known to every instance before anything is sealed with it: it seals from a moment that lies ahead.

-- Null: since it was made.
alter table data_key add column seals_from timestamptz;

select fence();
