/** The ways to the hosts of a client: its own, and those of its fallback plan. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { KimiConfig } from "@kimi-effect/core/KimiConfig"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as ChatTransport from "../ChatTransport.ts"
import { layer as layerFallback } from "../FallbackPlan.ts"
import type { ClientOptions } from "../KimiClient.ts"

/** Over HTTP. The plan is there where steps are given. */
export const layerHttpTransports = ({ fallback = [] }: ClientOptions = {}): Layer.Layer<
  ChatTransport.ChatTransport,
  ConfigurationError,
  KimiConfig | HttpClient.HttpClient
> =>
  fallback.length === 0 ? ChatTransport.layerHttp : Layer.provideMerge(layerFallback(fallback), ChatTransport.layerHttp)
