package app.manyhands.ask

import android.Manifest.permission.CAMERA
import android.Manifest.permission.POST_NOTIFICATIONS
import android.Manifest.permission.RECORD_AUDIO
import android.content.Context
import android.content.Intent
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.provider.Settings
import android.widget.ImageView
import android.widget.TextView
import app.manyhands.R
import app.manyhands.app.app
import app.manyhands.app.may
import app.manyhands.live.LiveScreen
import app.manyhands.look.Screen
import app.manyhands.look.onTap
import app.manyhands.look.say
import app.manyhands.look.shown
import app.manyhands.look.view

/** S10: says what something is for, then opens the system's question; after a refusal, the way on. */
class AskScreen : Screen() {
    private val asked by lazy { Asked.valueOf(intent.getStringExtra(ASKED) ?: Asked.CAMERA.name) }

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        setContentView(R.layout.ask)
        clearOfBars(view(R.id.content))
    }

    /** Whoever comes back from the settings with permission goes on by itself. */
    override fun onResume() {
        super.onResume()
        draw()
    }

    private fun now(): Ask {
        val notifications = Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU || may(POST_NOTIFICATIONS)
        return ask(asked, may(CAMERA), may(RECORD_AUDIO), notifications, canAsk())
    }

    private fun permissions() =
        if (asked == Asked.CAMERA) arrayOf(CAMERA, RECORD_AUDIO) else arrayOf(POST_NOTIFICATIONS)

    /** The system shows its question the first time, and when it says that it would again. */
    private fun canAsk(): Boolean {
        val missing = permissions().filterNot(::may)
        return !app.settings.askedForCamera || missing.any(::shouldShowRequestPermissionRationale)
    }

    private fun draw() {
        when (now()) {
            Ask.GRANTED -> {
                goOn()
            }

            Ask.CAMERA -> {
                primer(R.drawable.ic_camera, R.string.ask_camera, R.string.ask_camera_text)
            }

            Ask.NOTIFICATIONS -> {
                primer(R.drawable.ic_bell, R.string.ask_notify, R.string.ask_notify_text)
            }

            Ask.CAMERA_REFUSED -> {
                refusal(R.drawable.ic_camera_off, R.string.refused_camera, R.string.refused_camera_text, soundOnly())
            }

            Ask.MICROPHONE_REFUSED -> {
                refusal(R.drawable.ic_mic_off, R.string.refused_mic, R.string.refused_mic_text, R.string.picture_only)
            }

            Ask.NOTIFICATIONS_REFUSED -> {
                refusal(R.drawable.ic_bell, R.string.refused_notify, R.string.refused_notify_text, null)
            }
        }
    }

    /** Without the microphone either there would be nothing to send. */
    private fun soundOnly(): Int? = if (may(RECORD_AUDIO)) R.string.sound_only else null

    private fun primer(
        icon: Int,
        title: Int,
        text: Int,
    ) {
        words(icon, title, text)
        view<TextView>(R.id.main).apply {
            setText(R.string.continue_)
            onTap { requestPermissions(permissions(), REQUEST) }
        }
        view<TextView>(R.id.second).shown(false)
    }

    private fun refusal(
        icon: Int,
        title: Int,
        text: Int,
        without: Int?,
    ) {
        words(icon, title, text)
        view<TextView>(R.id.main).apply {
            setText(R.string.open_settings)
            onTap(::openSettings)
        }
        view<TextView>(R.id.second).apply {
            say(without?.let(::getString))
            onTap(::goOn)
        }
    }

    private fun words(
        icon: Int,
        title: Int,
        text: Int,
    ) {
        view<ImageView>(R.id.icon).setImageResource(icon)
        view<TextView>(R.id.title).setText(title)
        view<TextView>(R.id.text).setText(text)
    }

    private fun openSettings() {
        val own = Uri.fromParts("package", packageName, null)
        startActivity(Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, own))
    }

    override fun onRequestPermissionsResult(
        code: Int,
        permissions: Array<out String>,
        results: IntArray,
    ) {
        // An empty answer is a question that was put away, not a refusal.
        if (results.isNotEmpty()) app.settings.askedForCamera = true
        draw()
    }

    private fun goOn() {
        if (asked == Asked.CAMERA) startActivity(Intent(this, LiveScreen::class.java))
        finish()
    }

    companion object {
        private const val ASKED = "asked"
        private const val REQUEST = 1

        /** Before the first preview. */
        fun forCamera(context: Context): Intent =
            Intent(context, AskScreen::class.java).putExtra(ASKED, Asked.CAMERA.name)

        /** After the first broadcast. */
        fun forNotifications(context: Context): Intent =
            Intent(context, AskScreen::class.java).putExtra(ASKED, Asked.NOTIFICATIONS.name)
    }
}
