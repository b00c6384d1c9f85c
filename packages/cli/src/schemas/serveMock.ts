/** The JSON of `kimi serve-mock`, written when the server listens. */
import * as Schema from "effect/Schema"

export const Serving = Schema.Struct({ url: Schema.String.annotate({ description: "The base URL, ending in /v1" }) })

export type Serving = typeof Serving.Type
