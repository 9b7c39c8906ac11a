package app.manyhands.home

import android.content.Intent
import android.os.Bundle
import android.widget.TextView
import app.manyhands.R
import app.manyhands.app.app
import app.manyhands.look.Screen
import app.manyhands.look.onTap
import app.manyhands.look.shown
import app.manyhands.look.view

/** S15: one page, once, before Home; and before the first Go live of somebody who came by a link. */
class WelcomeScreen : Screen() {
    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        setContentView(R.layout.welcome)
        clearOfBars(view(R.id.content))
        unfold(R.id.house_rules, R.id.house_rules_text, saved)
        unfold(R.id.privacy, R.id.privacy_text, saved)
        view<TextView>(R.id.agree).onTap {
            app.settings.agreed = true
            startActivity(Intent(this, HomeScreen::class.java))
            finish()
        }
    }

    private fun unfold(
        heading: Int,
        text: Int,
        saved: Bundle?,
    ) {
        val words = view<TextView>(text)
        words.shown(saved?.getBoolean(text.toString()) == true)
        view<TextView>(heading).onTap { words.shown(!words.isShown) }
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        for (text in listOf(R.id.house_rules_text, R.id.privacy_text)) {
            out.putBoolean(text.toString(), view<TextView>(text).isShown)
        }
    }
}
