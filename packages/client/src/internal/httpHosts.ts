/** The hosts of a client over HTTP: the configured one and those of its fallback plan. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { KimiConfig } from "@kimi-effect/core/KimiConfig"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as ChatTransport from "../ChatTransport.ts"
import { layer as layerFallback } from "../FallbackPlan.ts"
import * as HostApi from "../HostApi.ts"
import type { ClientOptions } from "../KimiClient.ts"

/** Provides a `FallbackPlan` as well if `fallback` has steps. */
export const layerHttpHosts = ({ fallback = [] }: ClientOptions = {}): Layer.Layer<
  ChatTransport.ChatTransport | HostApi.HostApi,
  ConfigurationError,
  KimiConfig | HttpClient.HttpClient
> => {
  const configured = Layer.merge(ChatTransport.layerHttp, HostApi.layerHttp)
  return fallback.length === 0 ? configured : Layer.provideMerge(layerFallback(fallback), configured)
}
