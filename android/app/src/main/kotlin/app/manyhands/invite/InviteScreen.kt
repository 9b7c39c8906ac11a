package app.manyhands.invite

import android.content.ClipData
import android.content.ClipDescription
import android.content.ClipboardManager
import android.os.Build
import android.os.Bundle
import android.os.PersistableBundle
import android.view.View
import android.view.WindowManager
import android.widget.ImageView
import android.widget.TextView
import android.widget.Toast
import app.manyhands.R
import app.manyhands.app.app
import app.manyhands.app.service
import app.manyhands.core.ShareForms
import app.manyhands.look.Screen
import app.manyhands.look.onTap
import app.manyhands.look.shown
import app.manyhands.look.view

/** S4: the open link as a code, to share and to copy. */
class InviteScreen : Screen() {
    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        setContentView(R.layout.invite)
        clearOfBars(view(R.id.content))
        view<ImageView>(R.id.back).onTap(::finish)
        draw(forms(app.channel.link), large = saved?.getBoolean(LARGE) == true)
    }

    private fun draw(
        text: ShareForms,
        large: Boolean,
    ) {
        view<CodeView>(R.id.code).code = text
        view<CodeView>(R.id.large_code).code = text
        view<CodeView>(R.id.code).onTap { showLarge(true) }
        view<TextView>(R.id.show_large).onTap { showLarge(true) }
        view<View>(R.id.large).onTap { showLarge(false) }
        view<TextView>(R.id.not_tappable).shown(!text.tappable)
        view<TextView>(R.id.share).onTap { share(text.link) }
        view<TextView>(R.id.copy).onTap { copy(text) }
        showLarge(large)
    }

    /** The code fills the screen, as bright as it gets. */
    private fun showLarge(large: Boolean) {
        view<View>(R.id.large).shown(large)
        window.attributes =
            window.attributes.apply {
                screenBrightness =
                    if (large) {
                        WindowManager.LayoutParams.BRIGHTNESS_OVERRIDE_FULL
                    } else {
                        WindowManager.LayoutParams.BRIGHTNESS_OVERRIDE_NONE
                    }
            }
        onBack(if (large) ({ showLarge(false) }) else null)
    }

    /** A link is a secret: the clipboard is told not to show it. */
    private fun copy(text: ShareForms) {
        val clip = ClipData.newPlainText(getString(R.string.app_name), text.link)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            clip.description.extras = PersistableBundle().apply { putBoolean(ClipDescription.EXTRA_IS_SENSITIVE, true) }
        }
        service<ClipboardManager>().setPrimaryClip(clip)
        Toast.makeText(this, R.string.link_copied, Toast.LENGTH_SHORT).show()
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putBoolean(LARGE, view<View>(R.id.large).isShown)
    }

    private companion object {
        const val LARGE = "large"
    }
}
