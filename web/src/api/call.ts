// One call of the API, of which generated/sdk.gen.ts holds a line each.
import { client } from './generated/client.gen.ts'
import type { Options, RequestResult, TDataShape } from './generated/client/index.ts'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
/** Where nothing must be said, nothing need be. */
type Said<Data extends TDataShape, Throws extends boolean> =
  object extends Omit<Data, 'url'> ? [options?: Options<Data, Throws>] : [options: Options<Data, Throws>]
export type Call<Data extends TDataShape, Responses, Errors> = <Throws extends boolean = false>(
  ...said: Said<Data, Throws>
) => RequestResult<Responses, Errors, Throws>

/** `contentType`: of the body, which goes as it is unless it is JSON. */
export function call<Data extends TDataShape, Responses, Errors>(
  method: Method,
  url: string,
  contentType = 'application/json',
): Call<Data, Responses, Errors> {
  const body = contentType === 'application/json' ? {} : { bodySerializer: null }
  return <Throws extends boolean = false>(...[options]: Said<Data, Throws>) =>
    client[method]<Responses, Errors, Throws>({
      url,
      ...body,
      ...options,
      headers: { 'Content-Type': contentType, ...options?.headers },
    })
}
