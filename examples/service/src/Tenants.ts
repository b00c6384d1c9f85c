/** Finds the tenant of a token. In a real service this is a table or an identity provider. */
import { createHash } from "node:crypto"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { ServiceConfig } from "./ServiceConfig.ts"

/** Tokens are compared by their hash, so that the time of a comparison reveals nothing about them. */
const hash = (token: Redacted.Redacted): string => createHash("sha256").update(Redacted.value(token)).digest("hex")

export class Tenants extends Context.Service<
  Tenants,
  { readonly find: (token: Redacted.Redacted) => Option.Option<string> }
>()("chat-service/Tenants") {
  static readonly layer = Layer.effect(
    this,
    Effect.map(ServiceConfig, ({ tenants }) => {
      const names = new Map(Object.entries(tenants).map(([name, token]) => [hash(token), name]))
      return { find: (token) => Option.fromNullishOr(names.get(hash(token))) }
    })
  )
}
