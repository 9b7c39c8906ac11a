package app.manyhands.app

import android.content.Context
import android.os.SystemClock
import app.manyhands.keep.Keystore
import app.manyhands.keep.Wrap
import app.manyhands.media.Capture
import app.manyhands.media.PhoneCapture
import app.manyhands.media.PhoneRenderer
import app.manyhands.media.Renderer
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/** What is the phone's own, and played by something else in tests: silicon, the time, the network, other threads. */
class Parts(
    /** Camera, microphone and encoders. */
    val capture: (Context) -> Capture = ::PhoneCapture,
    /** Decoders, screen and speaker. */
    val renderer: () -> Renderer = ::PhoneRenderer,
    /** Milliseconds since 1970. */
    val unixMs: () -> Long = System::currentTimeMillis,
    /** Milliseconds that only go forward, sleep included. */
    val elapsedMs: () -> Long = SystemClock::elapsedRealtime,
    /** The lock on what is kept. */
    val wrap: Wrap = Keystore,
    /** How sessions are on the network. */
    val endpoint: Endpoint = Endpoint(),
    /** Where that is done for which the main thread must not wait. */
    val aside: CoroutineDispatcher = Dispatchers.IO,
)

/** Where sessions listen, and whether they look, and can be found, in BitTorrent's DHT. */
data class Endpoint(
    val listen: String = "0.0.0.0:0",
    val dht: Boolean = true,
)
