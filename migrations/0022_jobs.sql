-- oldest release that may run on it: 0.1.0
-- Nights that run themselves: who holds a run and until when, runs that somebody asked for, what a run renewed, who was set aside.

alter table job_run drop constraint job_run_pkey;
alter table job_run
  add column id bigint generated always as identity primary key,
  -- When it was to start, which names a planned run; null: written by an older release, or asked for. The local time is for people.
  add column planned_at timestamptz,
  -- Nobody ran it when it was due; it was caught up.
  add column late boolean not null default false,
  -- How often it was begun. Who holds an older number has lost it, and does nothing more.
  add column token integer not null default 1,
  -- By the clock of the database: who holds the run has been gone for too long after it.
  add column lease_until timestamptz,
  -- Runs that somebody asked for, in between.
  add column asked_at timestamptz,
  add column asked_by text,
  alter column instance drop not null,
  alter column started_at drop not null;
create unique index job_run_planned on job_run (job, planned_at) where asked_at is null;
-- Asked for once, it waits or runs: who asks again is told of that one.
create unique index job_run_asked on job_run (job) where asked_at is not null and finished_at is null;
create index job_run_job on job_run (job, id desc);
create index job_run_open on job_run (job) where finished_at is null;

-- Which run of a job gave it: what an undo goes by.
alter table renewal add column job_run_id bigint;
create index renewal_job_run on renewal (job_run_id, id desc) where job_run_id is not null;
alter table bulk_run add column undo_of_job_run bigint;
create index bulk_run_undo_of_job_run on bulk_run (undo_of_job_run, id desc) where undo_of_job_run is not null;

-- Who was set aside by a job that works on each subscriber by itself, because something broke; renewals have renewal_failure.
create table job_failure (
  job text not null,
  subscriber_id bigint not null,
  reason text not null,
  tries integer not null,
  tried_at timestamptz not null,
  next_at timestamptz not null,
  primary key (job, subscriber_id)
);
create index job_failure_subscriber on job_failure (subscriber_id);

select fence();
