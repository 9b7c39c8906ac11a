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

/**
 * Like [await], with the main thread's clock as fast as everybody else's; gives how many milliseconds it
 * took, and fails when they are more than these.
 */
fun within(
    ms: Long,
    what: String,
    found: () -> Any? = { "" },
    holds: () -> Boolean,
): Long {
    val began = System.nanoTime()
    var passed = 0L
    while (true) {
        val now = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began)
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(now - passed))
        passed = now
        if (holds()) return passed
        check(passed < ms) { "not within $ms ms: $what ${found()}" }
        LockSupport.parkNanos(BREATH_NS)
    }
}

/** So much time passes for everybody. */
fun passing(ms: Long) {
    val began = System.nanoTime()
    within(2 * ms, "$ms ms") { System.nanoTime() - began >= TimeUnit.MILLISECONDS.toNanos(ms) }
}

/** Runs what waits on the main thread now. */
fun settle() = shadowOf(Looper.getMainLooper()).idle()

/** The main thread's clock goes on by this much. */
fun settleFor(ms: Long) = shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(ms))
