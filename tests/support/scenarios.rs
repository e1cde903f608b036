//! The scenarios that the program plays on every cluster: one list, and one test of each entry wherever it is asked for.
//!
//! A scenario says what has to come out; it does not know whether the cluster is the sandbox or a real one.

pub(crate) mod backend;
pub(crate) mod broken;
pub(crate) mod meddled;
pub(crate) mod program;
pub(crate) mod refused;
pub(crate) mod sizes;
pub(crate) mod successful;

/// Makes a test of every scenario; `$open` makes the backend of the one that is named.
macro_rules! every_scenario {
    ($open:path) => {
        $crate::scenarios::every_scenario! { $open =>
            successful: [
                surge_of_one,
                surge_of_a_quarter,
                surge_of_all,
                unchanged_and_healthy,
                only_looked_at,
            ],
            broken: [
                image_not_found,
                image_denied,
                incomplete_configuration,
                no_room,
                out_of_memory,
                crash_loop,
                crash_loop_without_a_readiness_probe,
                never_ready_to_the_deadline,
                quota,
                the_same_line_again_after_a_failure,
                no_right_to_read_logs,
            ],
            meddled: [
                paused_on_the_way,
                paused_before,
                scaled_up_on_the_way,
                scaled_down_on_the_way,
                second_deploy_on_the_way,
                deleted_on_the_way,
                recreated_on_the_way,
                image_changed_before_the_answer,
                scaled_before_the_answer,
                recreated_before_the_answer,
            ],
            refused: [
                no_right_to_list_deployments,
                no_right_to_patch_deployments,
                no_right_to_get_deployments,
                only_the_essential_rights,
                stale_expectation,
            ]
        }
    };
    ($open:path => $($module:ident: [$($name:ident),+ $(,)?]),+ $(,)?) => {
        $(mod $module {
            $(#[test]
            fn $name() {
                let backend = $open(stringify!($name));
                $crate::scenarios::$module::$name(&backend);
            })+
        })+
    };
}
pub(crate) use every_scenario;
