//! The fields of the messages that kubectl creates by itself, with their numbers.
//!
//! See the `generated.proto` files of `k8s.io/api` and `k8s.io/apimachinery`.

use super::Shape::{
    AmountMap, BytesMap, Flag, Ignored, Message, Messages, Number, NumberOrText, Text, TextMap,
    Texts,
};
use super::{Field, Shape};

/// Returns the fields of a kind.
pub(super) fn message_of(kind: &str) -> Option<&'static [Field]> {
    Some(match kind {
        "SelfSubjectAccessReview" => ACCESS_REVIEW,
        "SelfSubjectRulesReview" => RULES_REVIEW,
        "SelfSubjectReview" => SELF_REVIEW,
        "Namespace" => NAMESPACE,
        "ConfigMap" => CONFIG_MAP,
        "Secret" => SECRET,
        "ServiceAccount" => SERVICE_ACCOUNT,
        "ResourceQuota" => RESOURCE_QUOTA,
        "Deployment" => DEPLOYMENT,
        "Job" => JOB,
        "PodDisruptionBudget" => DISRUPTION_BUDGET,
        "Role" | "ClusterRole" => ROLE,
        "RoleBinding" | "ClusterRoleBinding" => BINDING,
        _ => return None,
    })
}

const fn field(number: u64, name: &'static str, shape: Shape) -> Field {
    Field {
        number,
        name,
        shape,
    }
}

const METADATA: &[Field] = &[
    field(1, "name", Text),
    field(2, "generateName", Text),
    field(3, "namespace", Text),
    field(4, "selfLink", Ignored),
    field(5, "uid", Text),
    field(6, "resourceVersion", Text),
    field(7, "generation", Ignored),
    field(8, "creationTimestamp", Ignored),
    field(11, "labels", TextMap),
    field(12, "annotations", TextMap),
    field(14, "finalizers", Texts),
    field(17, "managedFields", Ignored),
];

const ACCESS_REVIEW: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(
        2,
        "spec",
        Message(&[
            field(
                1,
                "resourceAttributes",
                Message(&[
                    field(1, "namespace", Text),
                    field(2, "verb", Text),
                    field(3, "group", Text),
                    field(4, "version", Text),
                    field(5, "resource", Text),
                    field(6, "subresource", Text),
                    field(7, "name", Text),
                ]),
            ),
            field(
                2,
                "nonResourceAttributes",
                Message(&[field(1, "path", Text), field(2, "verb", Text)]),
            ),
        ]),
    ),
    field(3, "status", Ignored),
];

const RULES_REVIEW: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(2, "spec", Message(&[field(1, "namespace", Text)])),
    field(3, "status", Ignored),
];

const SELF_REVIEW: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(2, "status", Ignored),
];

const NAMESPACE: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(2, "spec", Message(&[field(1, "finalizers", Texts)])),
    field(3, "status", Message(&[field(1, "phase", Text)])),
];

const CONFIG_MAP: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(2, "data", TextMap),
    field(3, "binaryData", BytesMap),
    field(4, "immutable", Flag),
];

const SECRET: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(2, "data", BytesMap),
    field(3, "type", Text),
    field(4, "stringData", TextMap),
    field(5, "immutable", Flag),
];

const SERVICE_ACCOUNT: &[Field] = &[field(1, "metadata", Message(METADATA))];

const RESOURCE_QUOTA: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(
        2,
        "spec",
        Message(&[field(1, "hard", AmountMap), field(2, "scopes", Texts)]),
    ),
    field(3, "status", Ignored),
];

const SELECTOR: &[Field] = &[
    field(1, "matchLabels", TextMap),
    field(
        2,
        "matchExpressions",
        Messages(&[
            field(1, "key", Text),
            field(2, "operator", Text),
            field(3, "values", Texts),
        ]),
    ),
];

const CONTAINER: &[Field] = &[
    field(1, "name", Text),
    field(2, "image", Text),
    field(3, "command", Texts),
    field(4, "args", Texts),
    field(5, "workingDir", Text),
    field(
        6,
        "ports",
        Messages(&[
            field(1, "name", Text),
            field(2, "hostPort", Number),
            field(3, "containerPort", Number),
            field(4, "protocol", Text),
            field(5, "hostIP", Text),
        ]),
    ),
    field(
        7,
        "env",
        Messages(&[field(1, "name", Text), field(2, "value", Text)]),
    ),
    field(
        8,
        "resources",
        Message(&[
            field(1, "limits", AmountMap),
            field(2, "requests", AmountMap),
        ]),
    ),
    field(13, "terminationMessagePath", Text),
    field(14, "imagePullPolicy", Text),
    field(16, "stdin", Flag),
    field(17, "stdinOnce", Flag),
    field(18, "tty", Flag),
    field(20, "terminationMessagePolicy", Text),
];

const TEMPLATE: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(
        2,
        "spec",
        Message(&[
            field(2, "containers", Messages(CONTAINER)),
            field(3, "restartPolicy", Text),
            field(4, "terminationGracePeriodSeconds", Number),
            field(6, "dnsPolicy", Text),
            field(7, "nodeSelector", TextMap),
            field(8, "serviceAccountName", Text),
            field(9, "serviceAccount", Text),
            field(10, "nodeName", Text),
            field(11, "hostNetwork", Flag),
            field(12, "hostPID", Flag),
            field(13, "hostIPC", Flag),
            field(14, "securityContext", Message(&[])),
            field(16, "hostname", Text),
            field(17, "subdomain", Text),
            field(19, "schedulerName", Text),
            field(20, "initContainers", Messages(CONTAINER)),
            field(24, "priorityClassName", Text),
        ]),
    ),
];

const DEPLOYMENT: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(
        2,
        "spec",
        Message(&[
            field(1, "replicas", Number),
            field(2, "selector", Message(SELECTOR)),
            field(3, "template", Message(TEMPLATE)),
            field(
                4,
                "strategy",
                Message(&[
                    field(1, "type", Text),
                    field(
                        2,
                        "rollingUpdate",
                        Message(&[
                            field(1, "maxUnavailable", NumberOrText),
                            field(2, "maxSurge", NumberOrText),
                        ]),
                    ),
                ]),
            ),
            field(5, "minReadySeconds", Number),
            field(6, "revisionHistoryLimit", Number),
            field(7, "paused", Flag),
            field(9, "progressDeadlineSeconds", Number),
        ]),
    ),
    field(3, "status", Ignored),
];

const JOB: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(
        2,
        "spec",
        Message(&[
            field(1, "parallelism", Number),
            field(2, "completions", Number),
            field(3, "activeDeadlineSeconds", Number),
            field(4, "selector", Message(SELECTOR)),
            field(5, "manualSelector", Flag),
            field(6, "template", Message(TEMPLATE)),
            field(7, "backoffLimit", Number),
            field(8, "ttlSecondsAfterFinished", Number),
        ]),
    ),
    field(3, "status", Ignored),
];

const DISRUPTION_BUDGET: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(
        2,
        "spec",
        Message(&[
            field(1, "minAvailable", NumberOrText),
            field(2, "selector", Message(SELECTOR)),
            field(3, "maxUnavailable", NumberOrText),
        ]),
    ),
    field(3, "status", Ignored),
];

const ROLE: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(
        2,
        "rules",
        Messages(&[
            field(1, "verbs", Texts),
            field(2, "apiGroups", Texts),
            field(3, "resources", Texts),
            field(4, "resourceNames", Texts),
            field(5, "nonResourceURLs", Texts),
        ]),
    ),
];

const BINDING: &[Field] = &[
    field(1, "metadata", Message(METADATA)),
    field(
        2,
        "subjects",
        Messages(&[
            field(1, "kind", Text),
            field(2, "apiGroup", Text),
            field(3, "name", Text),
            field(4, "namespace", Text),
        ]),
    ),
    field(
        3,
        "roleRef",
        Message(&[
            field(1, "apiGroup", Text),
            field(2, "kind", Text),
            field(3, "name", Text),
        ]),
    ),
];
