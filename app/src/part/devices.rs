use crate::{
    api::{fetch, list_devices, sign_out_device, sign_out_elsewhere},
    part::{answered::Answered, icon::Icon, time::Ago},
};
use leptos::prelude::*;
use model::account::Device;

/// What a browser calls itself, in words: "Firefox on Linux". Browsers name each other in it, so the order of looking matters.
fn browser_name(agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    }
}

/// Where the person is signed in, and the way out of each.
#[component]
pub fn Devices() -> AnyView {
    let (version, set_version) = signal(0);
    let devices = fetch(move || version.get(), |_| list_devices());
    let changed = Callback::new(move |()| set_version.update(|version| *version += 1));
    let elsewhere = Action::new(move |(): &()| async move {
        let done = sign_out_elsewhere().await;
        changed.run(());
        done
    });
    let failed = move || {
        elsewhere
            .value()
            .get()
            .and_then(Result::err)
            .map(|fault| view! { <p class="banner danger">{Icon::Alert.draw()} {fault.0.message}</p> })
    };
    view! {
        <section class="card" aria-labelledby="devices-title">
            <div class="card-head">
                <h2 id="devices-title">"Signed in"</h2>
                <button type="button" class="button" disabled=elsewhere.pending() on:click=move |_| { elsewhere.dispatch(()); }>
                    "Sign out everywhere else"
                </button>
            </div>
            <div aria-live="polite">{failed}</div>
            <Answered answer=devices bars=2 show={move |devices: Vec<Device>| view! {
                <div class="table-scroll">
                    <table class="grid" aria-label="Where you are signed in">
                        <thead>
                            <tr>
                                <th scope="col">"Browser"</th>
                                <th scope="col">"Address"</th>
                                <th scope="col">"Signed in"</th>
                                <th scope="col">"Last used"</th>
                                <th scope="col"><span class="visually-hidden">"Sign out"</span></th>
                            </tr>
                        </thead>
                        <tbody>
                            {devices.into_iter().map(|device| view! { <DeviceRow device changed/> }).collect_view()}
                        </tbody>
                    </table>
                </div>
            }.into_any()}/>
        </section>
    }
    .into_any()
}

#[component]
fn DeviceRow(device: Device, changed: Callback<()>) -> AnyView {
    let id = device.id.clone();
    let leave = Action::new(move |(): &()| {
        let id = id.clone();
        async move {
            let done = sign_out_device(id).await;
            changed.run(());
            done
        }
    });
    let name = browser_name(&device.agent);
    let end = if device.is_this {
        view! { <span class="chip">"This browser"</span> }.into_any()
    } else {
        let label = format!("Sign out {name}");
        view! {
            <button type="button" class="button quiet" aria-label=label disabled=leave.pending() on:click=move |_| { leave.dispatch(()); }>
                "Sign out"
            </button>
        }
        .into_any()
    };
    view! {
        <tr>
            <th scope="row" title=device.agent>{name}</th>
            <td>{device.address.unwrap_or_else(|| "–".to_owned())}</td>
            <td class="time"><Ago at=device.created/></td>
            <td class="time"><Ago at=device.seen.unwrap_or(device.created)/></td>
            <td class="row-actions">{end}</td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_by_name() {
        let check = |agent, expected| assert_eq!(browser_name(agent), expected);
        check("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux");
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            "Edge on Windows",
        );
        check(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
            "Safari on macOS",
        );
        check(
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36",
            "Chrome on Android",
        );
        check("curl/8.5", "Unknown browser");
    }
}
