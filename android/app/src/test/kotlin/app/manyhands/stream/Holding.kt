package app.manyhands.stream

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import java.io.File
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/** How long a real path is held. */
val LENGTH = (System.getenv("MANYHANDS_SHELLS_SECONDS") ?: "600").toInt().seconds

/** For joining, and for what is on its way. */
val SPARE = 5.seconds

/** The film that is played round and round, seconds. */
const val FILM_S = 8

private const val SAMPLES = 40
private const val SHOWN = 8
private const val UNITS_A_SECOND = 73

/** Does the work, looks at this process all the while, and fails when anything has grown. */
fun hold(
    file: File,
    work: suspend CoroutineScope.() -> Unit,
) = runBlocking(Dispatchers.Default) {
    val working = launch { work() }
    val began = TimeSource.Monotonic.markNow()
    val leaked = mutableListOf<Leak>()
    val samples =
        (1..SAMPLES).map { number ->
            delay(LENGTH * number / SAMPLES - began.elapsedNow())
            if (System.getenv("MANYHANDS_SHELLS_SABOTAGE") == "leak") leaked += Leak(file)
            Footprint.now()
        }
    working.cancelAndJoin()
    samples.chunked(SAMPLES / SHOWN).forEach { println(it.last()) }
    leaked.forEach(Leak::close)
    assertEquals("", Footprint.growth(samples).joinToString())
}

/** Counts what comes to decoders. */
suspend fun count(
    watching: Watching,
    units: AtomicLong,
) = coroutineScope {
    launch { watching.pictures.collect { units.incrementAndGet() } }
    launch { watching.sounds.collect { units.incrementAndGet() } }
    watching.events.collect {}
}

/** Of 30 pictures and 47 sounds a second. */
fun assertNearlyAll(units: AtomicLong) =
    assertTrue("$units units", units.get() > UNITS_A_SECOND * (LENGTH - SPARE).inWholeSeconds)
