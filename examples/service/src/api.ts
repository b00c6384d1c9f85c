/** The API: two endpoints, what they accept, and how they can fail. Served as OpenAPI at `/openapi.json`. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { problems, Unauthorized } from "./problems.ts"

/** The tenant of a request, which budgets, limits and metrics name. */
export class CurrentTenant extends Context.Service<CurrentTenant, string>()("chat-service/api/CurrentTenant") {}

export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: CurrentTenant }>()(
  "chat-service/api/Authorization",
  { security: { bearer: HttpApiSecurity.bearer }, error: Unauthorized }
) {}

const Message = Schema.Struct({
  role: Schema.Literals(["user", "assistant"]),
  content: Schema.NonEmptyString.check(Schema.isMaxLength(20_000))
})

/** The bounds are what one request may cost: the budget reserves the price of all of it. */
export const Question = Schema.Struct({
  messages: Schema.NonEmptyArray(Message).check(Schema.isMaxLength(50)),
  /** The longest response, reasoning included. */
  maxTokens: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 8_192 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(2_048))
  )
})

const Answer = Schema.Struct({ text: Schema.String, model: Schema.String, totalTokens: Schema.Int })

/** The events of the client: `TextDelta` and others, and `Finish` or `Failure` as the last one. */
const Events = HttpApiSchema.StreamUint8Array({ contentType: "text/event-stream" })

const chat = HttpApiGroup.make("chat")
  .add(HttpApiEndpoint.post("answer", "/v1/answer", { payload: Question, success: Answer, error: problems }))
  .add(HttpApiEndpoint.post("stream", "/v1/stream", { payload: Question, success: Events, error: problems }))
  .middleware(Authorization)

export const api = HttpApi.make("service")
  .add(chat)
  .middleware(HttpApiMiddleware.ProblemDetails)
  .annotateMerge(OpenApi.annotations({ title: "Chat", version: "1.0.0" }))
