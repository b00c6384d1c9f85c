/** Lets requests with the token of a tenant pass, in its name. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Authorization, CurrentTenant } from "./api.ts"
import { Unauthorized } from "./problems.ts"
import { Tenants } from "./Tenants.ts"

export const authorization = Layer.effect(
  Authorization,
  Effect.map(Tenants, ({ find }) => ({
    bearer: (handler, { credential }) =>
      Option.match(find(credential), {
        onNone: () => Effect.fail(new Unauthorized()),
        onSome: (tenant) => Effect.provideService(handler, CurrentTenant, tenant)
      })
  }))
)
