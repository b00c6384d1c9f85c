/**
 * The host refuses the caller: its key, its rights or its address.
 *
 * @since 0.1.0
 */
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The key is missing, wrong, or belongs to another host (HTTP 401).
 *
 * @category errors
 * @since 0.1.0
 */
export class AuthenticationError extends TaggedKimiError<AuthenticationError>()("AuthenticationError", {}) {}

/**
 * The account may not use this API (HTTP 403).
 *
 * @category errors
 * @since 0.1.0
 */
export class PermissionDeniedError extends TaggedKimiError<PermissionDeniedError>()("PermissionDeniedError", {}) {}

/**
 * The organization does not accept calls from this address (HTTP 403).
 *
 * @category errors
 * @since 0.1.0
 */
export class IpNotAllowedError extends TaggedKimiError<IpNotAllowedError>()("IpNotAllowedError", {}) {}
