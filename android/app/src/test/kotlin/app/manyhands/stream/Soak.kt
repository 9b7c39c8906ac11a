package app.manyhands.stream

import app.manyhands.core.Framing
import app.manyhands.core.Join
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import java.io.File
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration.Companion.seconds

/**
 * Each real path for MANYHANDS_SHELLS_SECONDS (600): this process takes no more at the end than in the
 * middle. `ci/soak` runs it.
 */
@RunWith(RobolectricTestRunner::class)
class Soak {
    @get:Rule
    val folder = TemporaryFolder()

    private val file get() = File(folder.root, "film.mp4")

    @Test
    fun `encoders push, the desktop watches`() {
        val film = Film.make(file, FILM_S)
        Broadcasting.goLive(goLive(film)).use { broadcasting ->
            val copy = File(folder.root, "copy.mp4")
            Desktop(folder.root, "watch", broadcasting.link, "--output", copy.path).use { desktop ->
                desktop.awaitEvent("joined")
                hold(file) {
                    launch { play(broadcasting, film, over = LENGTH + SPARE) }
                }
            }
            assertTrue(
                "${copy.length()} bytes came",
                copy.length() > file.length() / FILM_S * LENGTH.inWholeSeconds * 9 / 10,
            )
        }
    }

    @Test
    fun `the desktop broadcasts, decoders pull, and viewers come and go`() {
        val units = AtomicLong()
        val visits = AtomicLong()
        broadcast { link ->
            Watching.join(join(link, LOOPBACK)).use { watching ->
                hold(file) {
                    launch { count(watching, units) }
                    launch { comeAndGo(link, visits) }
                }
            }
        }
        assertNearlyAll(units)
        assertTrue("$visits visits", visits.get() * VISIT.inWholeSeconds > LENGTH.inWholeSeconds)
    }

    /** As in `RealPathTest`: the second viewer has a socket for IPv6 alone, the broadcaster none. */
    @Test
    fun `one viewer feeds the other`() {
        val (theirs, ours) = AtomicLong() to AtomicLong()
        broadcast { link ->
            Watching.join(join(link, "[::]:0")).use { first ->
                Watching.join(join(link, "[::1]:0")).use { second ->
                    hold(file) {
                        second.found("[::1]:" + first.addresses.first().substringAfterLast(':'))
                        launch { count(first, theirs) }
                        launch { count(second, ours) }
                    }
                    val figures = runBlocking { checkNotNull(second.figures()) }
                    assertEquals(0UL, figures.fromBroadcaster)
                }
            }
        }
        assertNearlyAll(theirs)
        assertNearlyAll(ours)
    }

    /** The desktop's program broadcasts a film round and round. */
    private fun broadcast(test: (String) -> Unit) {
        Film.make(file, FILM_S)
        val link = File(folder.root, "link")
        Desktop(folder.root, "broadcast", file.path, "--loop", "--link-out", link.path).use { desktop ->
            desktop.awaitEvent("live")
            test(link.readText().trim())
        }
    }

    /** One viewer after the other, each from joining to its first picture. It has left when the next one comes. */
    private suspend fun comeAndGo(
        link: String,
        visits: AtomicLong,
    ) {
        while (true) {
            Watching.join(join(link, LOOPBACK)).use { it.pictures.first() }
            visits.incrementAndGet()
            delay(FAREWELL)
        }
    }

    /** What the test finds is handed in, as what a system has found would be. */
    private fun join(
        link: String,
        listen: String,
    ) = Join(link, Framing.START_CODES, listen = listen, local = true, localByShell = true)

    private companion object {
        /** Leaving takes the core at most two seconds. */
        val FAREWELL = 3.seconds

        /** The longest that one may take, until the next one comes. */
        val VISIT = 10.seconds
    }
}
