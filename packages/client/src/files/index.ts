/**
 * Files at the host, and images and videos of messages.
 *
 * @since 0.1.0
 */
export * as Files from "./Files.ts"
export * as Media from "./Media.ts"
