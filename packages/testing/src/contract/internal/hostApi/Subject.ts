/** The host API under test, and the hosts that it calls. */
import type { HostApi, RequestOptions } from "@kimi-effect/client/HostApi"
import * as Formats from "@kimi-effect/client/HostApi"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

type Api = HostApi["Service"]

/**
 * How the host of a test responds to `GET /contract` and `POST /contract`: with a status and a JSON
 * body, or never.
 *
 * @category models
 * @since 0.1.0
 */
export type Response =
  | { readonly _tag: "Responds"; readonly status: number; readonly body: string }
  | { readonly _tag: "Stalls" }

/**
 * A request as the host has received it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Received {
  readonly method: string
  /** Without the question mark. */
  readonly query: string
  /** As text; empty without one. */
  readonly body: string
}

/**
 * A host, and the API that calls it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Host {
  readonly api: Layer.Layer<HostApi, unknown>
  /** The requests to `/contract`, below the base URL. */
  readonly requests: Effect.Effect<ReadonlyArray<Received>>
  /** Number of requests that the client ended before they were answered, such as those whose `AbortSignal` was aborted. */
  readonly aborted: Effect.Effect<number>
}

/** An API, and what its host has seen. */
interface Running extends Omit<Host, "api"> {
  readonly api: Api
}

export interface Subject {
  /** Registers a test of an API whose host responds in this way. */
  readonly test: (
    name: string,
    response: Response,
    test: (running: Running) => Effect.Effect<void, unknown, Scope.Scope>
  ) => void
}

export const responds = (body: string, status = 200): Response => ({ _tag: "Responds", status, body })

export const get: RequestOptions<string> = {
  operation: "contract",
  method: "GET",
  path: "/contract",
  response: Formats.text
}
