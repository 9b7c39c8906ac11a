package app.manyhands.stream

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * A pull of the core as a cold [Flow]: one thing is asked for when the collector wants one, so that
 * a slow collector holds up nobody but itself. It ends when [next] gives nothing, or [isClosed].
 */
internal fun <T : Any> pulled(
    isClosed: () -> Boolean,
    next: suspend () -> T?,
): Flow<T> =
    flow {
        while (true) {
            emit(unlessClosed(isClosed, next) ?: break)
        }
    }

/** Calling a handle that was closed meanwhile is no error of the collector's. */
private suspend fun <T : Any> unlessClosed(
    isClosed: () -> Boolean,
    next: suspend () -> T?,
): T? =
    try {
        if (isClosed()) null else next()
    } catch (cancelled: CancellationException) {
        throw cancelled
    } catch (gone: IllegalStateException) {
        if (isClosed()) null else throw gone
    }
