-- oldest release that may run on it: 0.1.0
-- Open sessions by their subscriber, so that nothing but a look by subscriber can use the index. What was counted when nobody was
-- online (a NAS restarts, and all dial in again) made the planner take it for an empty one: a session by its id was then
-- looked for among all that were open.

drop index session_open_subscriber;
create index session_open_subscriber on session (subscriber_id) where ended_at is null and subscriber_id is not null;
create index session_open_unknown on session (id) where ended_at is null and subscriber_id is null;

select fence();
