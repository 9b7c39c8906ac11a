package app.manyhands.stream

import app.manyhands.core.AudioCodec
import app.manyhands.core.AudioTrack
import app.manyhands.core.Failure
import app.manyhands.core.Framing
import app.manyhands.core.GoLive
import app.manyhands.core.Join
import app.manyhands.core.SessionEvent
import app.manyhands.core.Times
import app.manyhands.core.WatchState.JOINING
import app.manyhands.core.newChannel
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.TimeSource

@RunWith(RobolectricTestRunner::class)
class ClosingTest {
    @Test
    fun `closing ends what is collected within 100 ms`() =
        with { broadcasting, watching ->
            val first = CompletableDeferred<SessionEvent>()
            val ended =
                on(Dispatchers.Default) {
                    val events = async { watching.events.onEach(first::complete).toList() }
                    // Both wait in the core from here on.
                    val pictures = async(start = UNDISPATCHED) { watching.pictures.toList() }
                    val theirs = async(start = UNDISPATCHED) { broadcasting.events.collect() }
                    assertEquals(SessionEvent.State(JOINING), first.await())
                    val began = TimeSource.Monotonic.markNow()
                    watching.close()
                    broadcasting.close()
                    theirs.await()
                    assertTrue(pictures.await().isEmpty())
                    events.await()
                    began.elapsedNow()
                }
            assertTrue("it took $ended", ended < 100.milliseconds)
        }

    @Test
    fun `cancelling a collection leaves the rest as it is`() =
        with { _, watching ->
            on(Dispatchers.Default) {
                val pictures = launch(start = UNDISPATCHED) { watching.pictures.collect() }
                val began = TimeSource.Monotonic.markNow()
                pictures.cancelAndJoin()
                assertTrue(began.elapsedNow() < 100.milliseconds)
                checkNotNull(watching.figures())
            }
        }

    @Test
    fun `closing twice and collecting afterwards is nothing special`() =
        with { _, watching ->
            watching.close()
            watching.close()
            assertTrue(on(Dispatchers.Default) { watching.pictures.toList() }.isEmpty())
        }

    @Test
    fun `a failure has a kind and a message`() {
        val cut = Join("abc", Framing.START_CODES)
        val failure = assertThrows(Failure.DamagedLink::class.java) { Watching.join(cut) }
        assertTrue(failure.message, "damaged" in failure.message.orEmpty())
        with { broadcasting, _ ->
            val times = Times(0, 0, 1u)
            val empty = ByteBuffer.allocateDirect(0)
            assertThrows(Failure.BadUnit::class.java) { broadcasting.pushAudio(empty, times) }
            val picture = ByteBuffer.allocateDirect(1)
            assertThrows(Failure.BadOptions::class.java) { broadcasting.pushVideo(picture, times) }
        }
    }

    /** A broadcast of sound that is silent, and somebody who watches it. */
    private fun with(test: (Broadcasting, Watching) -> Unit) {
        val options =
            GoLive(
                title = "",
                keys = newChannel(),
                broadcast = 1UL,
                startedMs = System.currentTimeMillis().toULong(),
                `private` = false,
                video = null,
                audio = AudioTrack(48_000u, 96_000u, AudioCodec.Aac, 48_000u, 2u),
                listen = "127.0.0.1:0",
            )
        Broadcasting.goLive(options).use { broadcasting ->
            val join = Join(broadcasting.link, Framing.START_CODES, listen = "127.0.0.1:0")
            Watching.join(join).use { watching -> test(broadcasting, watching) }
        }
    }
}
