package app.manyhands.stream

import app.manyhands.core.AudioUnit
import app.manyhands.core.Framing
import app.manyhands.core.Join
import app.manyhands.core.VideoUnit
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import java.io.File
import kotlin.math.abs

/** The program of the desktop at one end, this library at the other, real sockets between them. */
@RunWith(RobolectricTestRunner::class)
class RealPathTest {
    @get:Rule
    val folder = TemporaryFolder()

    @Test
    fun `what the desktop broadcasts comes to the decoders as it is`() {
        val film = Film.make(file("film.mp4"), FILM_S)
        val link = file("link")
        Desktop(folder.root, "broadcast", file("film.mp4").path, "--link-out", link.path).use { desktop ->
            desktop.awaitEvent("live")
            val (pictures, sounds) = watch(link.readText().trim())
            desktop.awaitEnd()
            compare(film, pictures, sounds)
        }
    }

    @Test
    fun `what the encoders push the desktop writes as it is`() {
        val film = Film.make(file("film.mp4"), FILM_S)
        val output = file("written.mp4")
        Broadcasting.goLive(goLive(film)).use { broadcasting ->
            val watcher = arrayOf("watch", broadcasting.link, "--output", output.path, "--timeout", "10")
            Desktop(folder.root, *watcher).use { desktop ->
                desktop.awaitEvent("joined")
                on(Dispatchers.Default) {
                    play(broadcasting, film)
                    assertTrue(checkNotNull(broadcasting.finish()).sent > 0UL)
                }
                desktop.awaitEnd()
            }
        }
        val written = Film.read(output)
        val shifts =
            listOf(film.picture to written.picture, film.sound to written.sound).map { (went, came) ->
                shift(went, came.ticks, came.units)
            }
        assertTrue("the tracks are shifted by $shifts s", abs(shifts[0] - shifts[1]) <= 1.01 / film.picture.ticks)
    }

    /** The broadcaster has a socket for IPv4 alone, the second viewer one for IPv6 alone. */
    @Test
    fun `who can reach only another viewer gets the very same from there`() {
        val film = Film.make(file("film.mp4"), FILM_S)
        Broadcasting.goLive(goLive(film)).use { broadcasting ->
            Watching.join(join(broadcasting.link, "[::]:0")).use { first ->
                Watching.join(join(broadcasting.link, "[::1]:0")).use { second ->
                    val (theirs, ours) = on(Dispatchers.Default) { feed(broadcasting, film, first, second) }
                    compare(film, theirs.first, theirs.second)
                    compare(film, ours.first, ours.second)
                }
            }
        }
    }

    /** Plays a film to two viewers of whom the second knows the first alone; gives what each got. */
    private suspend fun CoroutineScope.feed(
        broadcasting: Broadcasting,
        film: Film,
        first: Watching,
        second: Watching,
    ): List<Pair<List<VideoUnit>, List<AudioUnit>>> {
        second.found("[::1]:" + first.addresses.first().substringAfterLast(':'))
        val all = listOf(first, second).map { async { collect(it) } }
        listOf(first, second).forEach { it.awaitJoined() }
        play(broadcasting, film)
        assertEquals(1UL, checkNotNull(first.figures()).helping)
        broadcasting.finish()
        val came = all.map { it.await() }
        val figures = checkNotNull(second.figures())
        assertEquals(0UL, figures.fromBroadcaster)
        assertTrue("${figures.fromViewers} bytes", figures.fromViewers > 100_000UL)
        return came
    }

    private fun watch(link: String): Pair<List<VideoUnit>, List<AudioUnit>> =
        Watching.join(join(link, LOOPBACK)).use { watching -> on(Dispatchers.Default) { collect(watching) } }

    /** What the test finds is handed in, as what a system has found would be. */
    private fun join(
        link: String,
        listen: String,
    ) = Join(link, Framing.START_CODES, listen = listen, local = true, localByShell = true)

    private fun file(name: String) = File(folder.root, name)

    private companion object {
        const val FILM_S = 8
    }
}
