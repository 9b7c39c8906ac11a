package app.manyhands.look

import android.Manifest.permission.CAMERA
import android.app.Activity
import android.content.Intent
import android.widget.EditText
import app.manyhands.R
import app.manyhands.ask.AskScreen
import app.manyhands.core.ChannelKeys
import app.manyhands.core.Health
import app.manyhands.core.HealthCause
import app.manyhands.core.HealthLevel
import app.manyhands.core.LendingLimits
import app.manyhands.core.LendingOn
import app.manyhands.core.LendingReason
import app.manyhands.core.openLink
import app.manyhands.device.DeviceReport
import app.manyhands.home.HomeScreen
import app.manyhands.home.WelcomeScreen
import app.manyhands.invite.InviteScreen
import app.manyhands.lend.LendScreen
import app.manyhands.lend.LendState
import app.manyhands.live.LiveScreen
import app.manyhands.live.LiveState
import app.manyhands.live.Phase
import app.manyhands.open.OpenScreen
import app.manyhands.play.MOBILE
import app.manyhands.play.Phone
import app.manyhands.play.ROAMING
import app.manyhands.play.WIFI
import app.manyhands.play.await
import app.manyhands.play.battery
import app.manyhands.play.hot
import app.manyhands.play.settle
import app.manyhands.play.tap
import app.manyhands.watch.WatchScreen
import app.manyhands.watch.WatchState
import app.manyhands.watch.Why
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf

/** A real link, always the same. */
private val LINK: String by lazy { openLink(ChannelKeys(ByteArray(32) { 7 }, ByteArray(16) { 9 })) }

private inline fun <reified T : Activity> opened(intent: Intent? = null): T {
    val controller =
        if (intent ==
            null
        ) {
            Robolectric.buildActivity(T::class.java)
        } else {
            Robolectric.buildActivity(T::class.java, intent)
        }
    return controller.setup().get().also { settle() }
}

private fun agreed(
    phone: Phone,
    report: DeviceReport = WIFI,
) = phone.apply {
    app.settings.agreed = true
    app.device.played.value = report
    app.home.say(false)
    app.settings.pauseWhenLeft(false)
}

private val LIMITS = LendingLimits(true, LendingOn(true, null, null), LendingOn(false, null, null), null)

/** What was given is read from the disk, which has a time of its own. */
private fun counted(
    phone: Phone,
    screen: Activity,
): Activity {
    await("what was given") {
        phone.app.watch.state.value.lend.today != null
    }
    return screen
}

private val HOME =
    listOf(
        Scene("home") { counted(it, opened<HomeScreen>(agreed(it).let { null })) },
        Scene("home-full") {
            agreed(it)
            it.app.channel.link = LINK
            it.app.channel.seen(it.unixMs.get())
            counted(it, opened<HomeScreen>())
        },
        Scene("welcome") { opened<WelcomeScreen>() },
        Scene("ask") { opened<AskScreen>(AskScreen.forCamera(it.app)) },
        Scene("ask-refused") {
            it.app.settings.askedForCamera = true
            opened<AskScreen>(AskScreen.forCamera(it.app))
        },
        Scene("ask-refused-microphone") {
            shadowOf(it.app).grantPermissions(CAMERA)
            it.app.settings.askedForCamera = true
            opened<AskScreen>(AskScreen.forCamera(it.app))
        },
        Scene("invite") {
            it.app.channel.link = LINK
            opened<InviteScreen>()
        },
        Scene("invite-large") {
            it.app.channel.link = LINK
            opened<InviteScreen>().apply { tap(R.id.code) }
        },
        Scene("open") { opened<OpenScreen>() },
        Scene("open-typed") {
            val cut = "manyhands:" + LINK.dropLast(1)
            opened<OpenScreen>().apply { requireViewById<EditText>(R.id.field).setText(cut) }.also { settle() }
        },
        Scene("lend") { counted(it, opened<LendScreen>()) },
        Scene("lend-home") {
            agreed(it).app.home.say(true)
            counted(it, opened<LendScreen>())
        },
    )

private val PREVIEW =
    listOf(
        Scene("preview") { opened<LiveScreen>(agreed(it, WIFI).let { null }) },
        Scene("preview-home") {
            agreed(it).app.home.say(true)
            opened<LiveScreen>()
        },
        Scene("preview-pause") {
            agreed(it).app.settings.pauseWhenLeft(true)
            opened<LiveScreen>()
        },
        Scene("preview-mobile") { opened<LiveScreen>(agreed(it, MOBILE).let { null }) },
        Scene("preview-roaming") {
            agreed(it, ROAMING)
            val screen = opened<LiveScreen>()
            it.app.live.goLive("Abroad", 0)
            settle()
            screen
        },
    )

private val LIVE =
    listOf(
        "live" to live(),
        "live-fair" to
            live().copy(health = Health(HealthLevel.FAIR, HealthCause.SLOW_UPLOAD), device = MOBILE.battery(28)),
        "live-lost" to live().copy(health = Health(HealthLevel.LOST, HealthCause.NO_NETWORK), microphoneOn = false),
        "live-hot" to live().copy(device = WIFI.hot(4), tooHot = true),
        "live-near" to live().copy(zoom = 2f, zoomMost = 8f),
        "live-end" to live(),
        "ended" to live().copy(phase = Phase.ENDED),
    ).map { (name, state) -> Scene(name) { drawn(it, state, asksEnd = name == "live-end") } }

private fun live() =
    LiveState(
        phase = Phase.LIVE,
        title = "Lena’s match",
        device = WIFI,
        elapsedS = 761,
        viewers = 12,
        mostViewers = 31,
        health = Health(HealthLevel.GOOD, null),
        sentBytes = 412_000_000,
        bytesAMinute = 32_000_000,
        goodPercent = 84,
        mainCause = HealthCause.SLOW_UPLOAD,
        torchOn = false,
    )

/** The same drawing code as the screen's, with facts that a test has chosen. */
private fun drawn(
    phone: Phone,
    state: LiveState,
    asksEnd: Boolean,
): Activity {
    agreed(phone)
    val screen = opened<LiveScreen>()
    screen.draw(state)
    if (asksEnd) screen.tap(R.id.end)
    settle()
    return screen
}

private val WATCH =
    listOf("watch" to watching()) +
        Why.entries.map { why ->
            "watch-" + why.name.lowercase() to watching().copy(why = why, message = "the disk is full")
        } +
        listOf(
            "watch-first" to watching().copy(lend = LendState(LIMITS.copy(agreed = false), LendingReason.NOT_YET)),
            "watch-behind" to
                watching().copy(latencyMs = 12_400, behindMs = 10_400, paused = true, bytesAMinute = 15_000_000),
        )

private fun watching() =
    WatchState(
        title = "Lena’s match",
        why = null,
        hasPicture = true,
        aspect = 16f / 9,
        latencyMs = 3_200,
        viewers = 12,
        ranS = 2_880,
        lend = LendState(LIMITS, LendingReason.LENDING, helping = 3, today = 48_000_000, month = 1_200_000_000),
        link = "manyhands:$LINK",
    )

private fun shown(
    phone: Phone,
    state: WatchState,
): Activity {
    agreed(phone)
    val screen = opened<WatchScreen>(Intent(Intent.ACTION_VIEW))
    screen.draw(state)
    settle()
    return screen
}

/** All screens in all states that look different. */
val SCENES: List<Scene> =
    HOME + PREVIEW + LIVE + WATCH.map { (name, state) -> Scene(name) { shown(it, state) } }
