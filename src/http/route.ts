// A route as data: path, who may, what it is told and what it answers. The router (router.ts), the OpenAPI document and the
// tests over every route are all made from these.

import type { z } from 'zod'
import type { Permission } from '../domain/operator/permission.ts'
import type { Context } from './context.ts'

/**
 * Who may call it. A permission; `signed-in`: every operator and token; `half-signed-in`: also who still owes the second factor
 * or a new password; `anybody`; `portal`: a subscriber, by the portal's own sign-in (portal-route.ts), and nobody of the panel.
 */
export type Access = Permission | 'signed-in' | 'half-signed-in' | 'anybody' | 'portal'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

export type RouteSpec<Params, Query, Body, Answer extends z.ZodType> = {
  method: Method
  /** Below /api/v1, parameters as `:id`. */
  path: `/${string}`
  summary: string
  /** The chapter of the reference. */
  tag: string
  access: Access
  params?: z.ZodType<Params>
  query?: z.ZodType<Query>
  body?: z.ZodType<Body>
  /** Content types of a body that is read as a stream (`context.request`) instead of JSON. */
  upload?: readonly string[]
  answer: Answer
  /** Default 200; 201 for what was made, 202 for what was begun. */
  status?: 200 | 201 | 202 | 204
  /** Asks a person for a proof of who they are that is not older than five minutes (W20). Tokens have none to give and pass. */
  grave?: boolean
  /** The answer shows a secret that is shown once: it is not kept for a second try, which is then answered with 204. */
  reveals?: boolean
  /** Not for API tokens: what concerns a person's own sign-in. */
  personal?: boolean
  /**
   * `own`: the handler writes the answer itself (files, live events) and `db` is outside of a transaction.
   * `none`: the handler answers as usual, but outside of a transaction, because it waits for something slow.
   * `long`: in its transaction, but without the time limit of short questions.
   */
  transaction?: 'own' | 'none' | 'long'
  /** Content types of an answer that is not JSON, for the document. */
  produces?: readonly string[]
  /** Nothing that anybody would ask about changes, though the method is not GET: no audit entry is owed. */
  changesNothing?: boolean
  run(context: Context<Params, Query, Body>): Promise<z.input<Answer>>
}

/** A route whose types have been checked where it was written. */
export type Route = RouteSpec<unknown, unknown, unknown, z.ZodType>

/** Types one route by its schemas. */
export function route<
  Answer extends z.ZodType,
  Params = Record<string, never>,
  Query = Record<string, never>,
  Body = undefined,
>(spec: RouteSpec<Params, Query, Body, Answer>): Route {
  return spec
}
