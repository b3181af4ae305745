/* What the launcher waits for, how long, and how much of it. The build for tests sets some of them anew. */
#ifndef LIMITS_H
#define LIMITS_H

#define KIB 1024u
#define MIB (1024u * KIB)

/* The protocol allows a body of 1 MiB of stdin and 64 KiB of environment. */
#define STDIN_MAX MIB
#define ENVIRONMENT_MAX (64u * KIB)

#define ANSWER_HEAD_MAX (16u * KIB)
#define ANSWER_BODY_MAX (4u * MIB)

#ifndef AGENT_SOCKET
#define AGENT_SOCKET "/run/fairway/agent.sock"
#endif

/* A line in this file of the launcher's own folder takes the place of AGENT_SOCKET. */
#define SOCKET_PATH_FILE "agent.socket-path"

/* It lies in the launcher's own folder and can do everything without an agent. */
#define FULL_NAME "fairway-full"
#define IPAM_NAME "fairway-ipam"
#define MAIN_NAME "fairway"

#ifndef CONNECT_MS
#define CONNECT_MS 50
#endif
#ifndef ACCEPT_MS
#define ACCEPT_MS 200
#endif
/* From when the agent has said that the verb waits for its turn. The agent begins none after 15 s. */
#ifndef QUEUED_MS
#define QUEUED_MS 20000
#endif
/* With the one before, it is shorter than the two minutes after which a kubelet gives up. */
#ifndef ANSWER_MS
#define ANSWER_MS 45000
#endif

#endif
