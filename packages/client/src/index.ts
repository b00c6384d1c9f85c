/**
 * Kimi for Effect programs: chat and streams over HTTP, with every failure as a typed error.
 *
 * @since 0.1.0
 */
export * as ChatTransport from "./ChatTransport.ts"
export * as FallbackPlan from "./FallbackPlan.ts"
export * as HostApi from "./HostApi.ts"
export * as KimiClient from "./KimiClient.ts"
export * as Provider from "./Provider.ts"
export * as Reload from "./Reload.ts"
export * as RequestCheck from "./RequestCheck.ts"
