// Threads that wait for the next pass: to make one takes longer than many a pass.
//
// Each call takes a team for itself, so that callers on several threads do not wait for each other. Idle teams end
// before a fork, and the child makes its own: no thread is ever missing there.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#if !defined(_WIN32)
#include <pthread.h>
#include <signal.h>
#endif

namespace softgrad {

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Returns once `ready` or after a while: the next pass mostly follows within it, and to wake a thread takes longer than to
// watch. The processor is offered to others meanwhile.
template <class Ready> bool watched(const Ready &ready) {
    constexpr std::chrono::microseconds patience{500}, politeness{20};
    const auto began = std::chrono::steady_clock::now();
    for (;;) {
        for (int i = 0; i < 32; ++i, relax())
            if (ready()) return true;
        const auto waited = std::chrono::steady_clock::now() - began;
        if (waited > patience) return ready();
        if (waited > politeness) std::this_thread::yield();
    }
}

// While this lives, signals are held back from threads that are made: they are for the threads of the caller. Those of a
// thread's own fault are not.
class SignalsBlocked {
#if !defined(_WIN32)
  public:
    SignalsBlocked() {
        sigset_t others;
        sigfillset(&others);
        for (int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&others, own);
        pthread_sigmask(SIG_SETMASK, &others, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_;
#endif
};

// What a team is asked for: call(body, worker).
struct Task {
    void (*call)(const void *body, int worker);
    const void *body;
    int worker;
};

// One thread and the one task that it holds.
class Helper {
  public:
    Helper() : thread_([this] { serve(); }) {}
    ~Helper() {
        change(State::ending);
        thread_.join();
    }
    Helper(const Helper &) = delete;
    Helper &operator=(const Helper &) = delete;

    void post(const Task &task) {
        task_ = task;
        change(State::posted);
    }

    // Takes the task back where it was not begun, else waits for its end.
    void finish() {
        State expected = State::posted;
        if (state_.compare_exchange_strong(expected, State::idle)) return;
        wait_while(State::running);
    }

  private:
    enum class State { idle, posted, running, ending };

    void serve() {
        for (;;) {
            wait_while(State::idle);
            State expected = State::posted;
            if (!state_.compare_exchange_strong(expected, State::running)) {
                if (expected == State::ending) return;
                continue;
            }
            task_.call(task_.body, task_.worker);
            change(State::idle);
        }
    }

    void wait_while(State state) {
        const auto changed = [&] { return state_.load(std::memory_order_acquire) != state; };
        if (watched(changed)) return;
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, changed);
    }

    void change(State state) {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            state_.store(state, std::memory_order_release);
        }
        changed_.notify_one();
    }

    std::atomic<State> state_{State::idle};
    Task task_{};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::thread thread_;  // the last member: it reads the others
};

class Team {
  public:
    // work(worker) on the caller's thread, as worker 0, and on `helpers` others; on fewer where no more can be made.
    template <class Work> void run(int helpers, const Work &work) {
        const auto call = [](const void *body, int worker) { (*static_cast<const Work *>(body))(worker); };
        const int count = at_hand(helpers);
        for (int i = 0; i < count; ++i) helpers_[i]->post({call, &work, i + 1});
        work(0);
        for (int i = 0; i < count; ++i) helpers_[i]->finish();
    }

  private:
    int at_hand(int wanted) {
        if (int(helpers_.size()) < wanted) grow(wanted);
        return int(helpers_.size()) < wanted ? int(helpers_.size()) : wanted;
    }

    void grow(int wanted) {
        const SignalsBlocked blocked;
        try {
            while (int(helpers_.size()) < wanted) helpers_.push_back(std::make_unique<Helper>());
        } catch (const std::system_error &) {
        }
    }

    std::vector<std::unique_ptr<Helper>> helpers_;
};

// The teams that nobody uses. Never destroyed, as threads may still run when a process ends.
class IdleTeams {
  public:
    static IdleTeams &instance() {
        static IdleTeams *const teams = made();
        return *teams;
    }

    std::unique_ptr<Team> take() {
        std::lock_guard<std::mutex> lock(mutex_);
        if (teams_.empty()) return std::make_unique<Team>();
        std::unique_ptr<Team> team = std::move(teams_.back());
        teams_.pop_back();
        return team;
    }

    void put_back(std::unique_ptr<Team> team) {
        std::lock_guard<std::mutex> lock(mutex_);
        teams_.push_back(std::move(team));
    }

  private:
    static IdleTeams *made() {
#if !defined(_WIN32)
        pthread_atfork([] { instance().before_fork(); }, [] { instance().mutex_.unlock(); },
                       [] { instance().mutex_.unlock(); });
#endif
        return new IdleTeams;
    }

    void before_fork() {
        mutex_.lock();
        teams_.clear();
    }

    std::mutex mutex_;
    std::vector<std::unique_ptr<Team>> teams_;
};

}  // namespace softgrad
