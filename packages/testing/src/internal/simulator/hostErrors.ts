/**
 * The errors of a host. They do not depend on the attempt, and making one costs
 * more than everything else the virtual host does, so each is made once per
 * model.
 */
import { ConnectionLostError, ConnectionRefusedError } from "@kimi-effect/core/NetworkErrors"
import { ServerError, ServiceUnavailableError } from "@kimi-effect/core/ProviderErrors"
import { OverloadedError } from "@kimi-effect/core/RateLimitErrors"

/** The provider and model that errors name. */
export interface Target {
  readonly provider: string
  readonly model: string
}

export interface HostErrors {
  readonly target: Target
  readonly refused: ConnectionRefusedError
  /** A stream that has started fails with `StreamInterruptedError` instead. */
  readonly lost: ConnectionLostError
  readonly failed: ServerError
  readonly unavailable: ServiceUnavailableError
  readonly overloaded: OverloadedError
}

const make = (origin: Target): HostErrors => ({
  target: origin,
  refused: new ConnectionRefusedError({
    ...origin,
    message: "The host refused the connection",
    code: "ECONNREFUSED"
  }),
  lost: new ConnectionLostError({
    ...origin,
    message: "The connection was lost before the response",
    code: "ECONNRESET"
  }),
  failed: new ServerError({ ...origin, message: "Internal server error", status: 500 }),
  unavailable: new ServiceUnavailableError({ ...origin, message: "Service unavailable", status: 503 }),
  overloaded: new OverloadedError({
    ...origin,
    message: "The engine is currently overloaded, please try again later",
    status: 429
  })
})

/** The errors of a host, by model. */
export const makeAll = (provider: string): ((model: string) => HostErrors) => {
  const byModel = new Map<string, HostErrors>()
  return (model) => {
    const errors = byModel.get(model) ?? make({ provider, model })
    byModel.set(model, errors)
    return errors
  }
}
