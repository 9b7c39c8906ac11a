package app.manyhands.play

import android.os.Looper
import org.robolectric.Shadows.shadowOf
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.LockSupport

private const val PATIENCE_S = 30L
private const val STEP_MS = 20L
private const val BREATH_NS = 2_000_000L

/**
 * Runs the main thread until it holds. What the core's threads send there comes when it comes, so
 * the main thread's clock goes on meanwhile, as on a phone.
 */
fun await(
    what: String,
    found: () -> Any? = { "" },
    holds: () -> Boolean,
) {
    val end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S)
    while (true) {
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(STEP_MS))
        if (holds()) return
        check(System.nanoTime() < end) { "still not: $what ${found()}" }
        LockSupport.parkNanos(BREATH_NS)
    }
}

/** Runs what waits on the main thread now. */
fun settle() = shadowOf(Looper.getMainLooper()).idle()

/** The main thread's clock goes on by this much. */
fun settleFor(ms: Long) = shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(ms))
