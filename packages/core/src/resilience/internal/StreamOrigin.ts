/**
 * Where the response of a stream was written, so that its rest comes from
 * nowhere else.
 *
 * @since 0.1.0
 */
import type { Call } from "../../pipeline/Call.ts"
import type { Transcript } from "../../pipeline/internal/Transcript.ts"

/**
 * The call as it reached the account and model that wrote a broken response;
 * none if the same place cannot be called again with certainty.
 *
 * @category getters
 * @since 0.1.0
 */
export const originOf = (original: Call, { start }: Transcript): Call | undefined => {
  const call = original.state?.lastAttempt ?? original
  const { account, model } = original.state?.route ?? { account: original.account, model: original.request.model }
  const isKnown =
    call.account === account && call.request.model === model && (start?.provider ?? call.provider) === call.provider
  return isKnown ? call : undefined
}

/**
 * Whether two attempts were responses of the same host, account and model, as
 * far as both name them.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSameOrigin = (
  before: { readonly start: Transcript["start"]; readonly call: Call | undefined },
  after: { readonly start: Transcript["start"]; readonly call: Call | undefined }
): boolean => {
  const isSame = (a: string | undefined, b: string | undefined): boolean => !a || !b || a === b
  return (
    isSame(before.start?.provider, after.start?.provider) &&
    isSame(before.start?.model, after.start?.model) &&
    isSame(before.call?.account, after.call?.account) &&
    isSame(before.call?.request.model, after.call?.request.model)
  )
}
